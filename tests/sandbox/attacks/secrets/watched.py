# What others do to their files, as it happens.
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
watched = [libc.inotify_add_watch(libc.inotify_init(), place, 0xFFF) for place in (b"/", b"/tmp", b"@VICTIM@")]
print("ESCAPED" if max(watched) >= 0 else "nothing")
