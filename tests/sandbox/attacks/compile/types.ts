type Grow<T extends unknown[], N extends number> = T["length"] extends N ? T : Grow<[...T, ...T, 0], N>;
type Every<T extends string> = T extends `${infer A}${infer B}` ? `${A}${Every<B>}${Every<B>}` : "x";
const grown: Grow<[0], 1000003> = [] as never;
const every: Every<"abcdefghijklmnopqrstuvwxyz"> = "x";
console.log(grown, every);
