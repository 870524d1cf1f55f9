"""Compiles and runs untrusted programs in many languages, under isolation and limits.

It does not judge what they compute, and it never goes below the isolation that was asked for.

What a program is kept from (each line has a test in `tests/sandbox`, by the name behind it):

* files: it reads the system's (`/usr`), its tools and its own; all others are not there, or closed
  at the level `landlock` (attacks/secrets)
* writing: it writes nowhere, unless it compiles (its own folder) or was given a scratch folder of a
  size (attacks/disk, attacks/toolchain)
* secrets of whoever starts it: environment, arguments, open descriptors, memory, terminal
  (attacks/secrets, attacks/kernel)
* the network, and every other socket: nobody hears it, on this machine or elsewhere (attacks/net)
* other processes: it does not see, signal, trace, slow down or limit them (attacks/processes,
  attacks/kernel)
* the kernel's rarer services: a filter kills or refuses them (test_seccomp, attacks/kernel)
* privileges: never root's uid, no capabilities, none to gain by setuid (test_isolation)
* more than its limits: CPU time of all its processes together, wall time, resident memory,
  processes, output, files (attacks/memory, time, processes, output)
* outliving its run: all that it started is killed and waited for (test_supervisor)
* passing by exit code: a harness must have told that it came to its end (test_verdict,
  attacks/cheats)

What it is not kept from:

* holes in the kernel, which programs share: for code that you fear, use a virtual machine
* anything below `/usr`: keep no secrets there
* seeing at the level `landlock` that a path exists, with its size, owner and dates
* at that level, and under an ordinary user's uid, a few processes more than its limit: the kernel
  counts all of the user's together
* without a control group, some memory of the kernel: buffers of pipes and sockets, at most about
  50 MB a process
* a lock on a file of its tools while it runs, heat, noise, and timing
* cheating a harness that runs in its own process: it can find the nonce. So values are compared
  outside (`transloop_verify`), where only outputs matter.
* at the level `none`, which only `unsafe` gives: anything
"""
