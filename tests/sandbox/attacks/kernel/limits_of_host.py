import resource

resource.prlimit(@DECOY@, resource.RLIMIT_NOFILE, (10, 10))
print("ESCAPED")
