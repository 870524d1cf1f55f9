raise ValueError("a plain mistake")
