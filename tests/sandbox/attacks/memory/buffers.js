// Outside of the heap that V8 limits.
const hoard = [];
for (;;) hoard.push(Buffer.alloc(8 << 20, 1));
