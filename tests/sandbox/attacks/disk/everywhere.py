# Wherever there is a folder.
import os

for folder, folders, _ in os.walk("/"):
    folders[:] = [each for each in folders if folder != "/" or each not in ("proc", "sys")]
    if folder.count("/") > 3:
        folders.clear()
    try:
        with open(os.path.join(folder, "attack"), "w") as file:
            file.write("x")
    except OSError:
        continue
    print("ESCAPED to", folder)
