"""llama.cpp in a process of its own: an abort or an out-of-memory kill in C cannot end the editor.

`engine` is the side that everyone uses, `process` its end of the pipe; `worker`, `decode` and
`native` run in the child.
"""
