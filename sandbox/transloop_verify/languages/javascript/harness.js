// @ts-nocheck
@@header@@
// Calls the candidate once for each case and writes down what came of it.
(() => {
  "use strict";
  // Everything is taken before the candidate's code runs: it may patch what it finds.
  const { readFileSync, writeSync, closeSync } = require("fs");
  const quote = JSON.stringify;
  const { isArray } = Array;
  const { isInteger } = Number;
  const { apply, getPrototypeOf } = Reflect;
  const { is, keys } = Object;
  const exit = process.exit.bind(process);
  const objectPrototype = Object.prototype;
  const forEachPair = Map.prototype.forEach;
  const forEachItem = Set.prototype.forEach;
  const toHex = (byte) => (byte < 16 ? "0" : "") + byte.toString(16);
  const { isMap, isSet, isTypedArray, isUint8Array, isDate, isRegExp, isGeneratorObject, isPromise, isBoxedPrimitive } =
    require("util").types;
  const LIMIT = 20000, DEEPEST = 64, EXACT = 9007199254740991;
  const tooLarge = {}, unfit = {};

  const lines = readFileSync(0, "latin1").split("\n");
  closeSync(0);
  const nonce = lines[0], first = +lines[1];

  function record(payload) {
    let data = "\n" + nonce + " " + payload + "\n";
    data = Buffer.from(data);
    let at = 0;
    while (at < data.length) {
      try {
        at += writeSync(1, data, at);
      } catch (error) {
        if (error.code !== "EAGAIN") throw error;
      }
    }
  }

  function number(value) {
    if (value !== value) return '{"f":"nan"}';
    if (value === Infinity) return '{"f":"inf"}';
    if (value === -Infinity) return '{"f":"-inf"}';
    if (is(value, -0)) return "-0.0";
    const text = "" + value;
    return isInteger(value) && (value > EXACT || value < -EXACT) && text.indexOf("e") < 0 ? text + ".0" : text;
  }

  function encode(value, path, count) {
    if (++count.parts > LIMIT) throw tooLarge;
    switch (typeof value) {
      case "undefined": return "null";
      case "boolean": return value ? "true" : "false";
      case "number": return number(value);
      case "bigint": return "" + value;
      case "string": return quote(value);
      case "symbol": case "function": return '{"?":"a ' + typeof value + ' has no value to compare"}';
    }
    if (value === null) return "null";
    if (path.length > DEEPEST) return '{"?":"it is nested too deeply"}';
    for (let at = 0; at < path.length; at++) if (path[at] === value) return '{"?":"it contains itself"}';
    path[path.length] = value;
    const text = compound(value, path, count);
    path.length -= 1;
    return text;
  }

  function items(values, path, count) {
    let text = "";
    for (let at = 0; at < values.length; at++) text += (at ? "," : "") + encode(values[at], path, count);
    return text;
  }

  function compound(value, path, count) {
    if (isArray(value)) return "[" + items(value, path, count) + "]";
    let text = "";
    if (isMap(value)) {
      apply(forEachPair, value, [(each, key) => {
        text += (text && ",") + "[" + encode(key, path, count) + "," + encode(each, path, count) + "]";
      }]);
      return '{"m":[' + text + "]}";
    }
    if (isSet(value)) {
      apply(forEachItem, value, [(each) => { text += (text && ",") + encode(each, path, count); }]);
      return '{"s":[' + text + "]}";
    }
    if (isUint8Array(value)) {
      for (let at = 0; at < value.length; at++) text += toHex(value[at]);
      return '{"b":"' + text + '"}';
    }
    if (isTypedArray(value)) return "[" + items(value, path, count) + "]";
    if (isBoxedPrimitive(value)) return encode(value.valueOf(), path, count);
    if (isDate(value) || isRegExp(value) || isPromise(value))
      return '{"?":"a ' + value.constructor.name + ' has no value to compare"}';
    const names = keys(value);
    for (let at = 0; at < names.length; at++)
      text += (at ? "," : "") + "[" + quote(names[at]) + "," + encode(value[names[at]], path, count) + "]";
    const above = getPrototypeOf(value);
    const plain = above === objectPrototype || above === null;
    return '{"r":[' + quote(plain ? "" : "" + value.constructor.name) + ",[" + text + "]]}";
  }

  function shown(value) {
    try {
      const text = encode(value, [], { parts: 0 });
      return text.length < 60000 ? text : '{"?":"it is too large to compare"}';
    } catch (error) {
      return error === tooLarge ? '{"?":"it is too large to compare"}' : '{"?":"it cannot be read"}';
    }
  }

  // What a generator or iterator yields, at most 10,000 items.
  function drained(value) {
    const iterator = typeof value === "object" && value !== null &&
      (isGeneratorObject(value) || (!isArray(value) && typeof value.next === "function"));
    if (!iterator) return value;
    const found = [];
    for (let step = value.next(); !step.done && found.length < 10000; step = value.next())
      found[found.length] = step.value;
    return found;
  }

  function raised(error, path) {
    let name = "thrown", message = "", line = 0;
    try {
      if (error instanceof Error) {
        name = "" + error.name;
        message = "" + error.message;
        const at = ("" + error.stack).split(path + ":")[1];
        line = at ? parseInt(at, 10) || 0 : 0;
      } else message = "" + error;
    } catch { /* its own getters may throw */ }
    return '"e":' + quote(name) + ',"m":' + quote(message.slice(0, 300)) + ',"l":' + line;
  }

  const cases = [
    // @@cases@@
  ];

  async function main() {
    let target;
    try {
      target = @@load@@;
      const called = !"@@owner@@" ? target : "@@static@@" ? target["@@name@@"] : target.prototype["@@name@@"];
      if (typeof called !== "function") throw unfit;
    } catch (error) {
      if (error instanceof SyntaxError) throw error; // node shows where, as a compiler would
      const what = error === unfit ? '"e":"unfit","m":"it has no `@@name@@` to call"' : raised(error, "@@candidate@@");
      record('{"k":"refused",' + what + "}");
      exit(1);
    }
    record('{"k":"ready"}');
    for (let index = first; index < cases.length; index++) {
      let arguments_ = [], outcome;
      try {
        arguments_ = cases[index]();
        let value;
        if ("@@owner@@") {
          const owner = "@@static@@" ? target : new target();
          value = owner["@@name@@"](...arguments_);
        } else value = target(...arguments_);
        if (typeof value === "object" && value !== null && typeof value.then === "function") value = await value;
        outcome = '"k":"returned","v":' + shown(drained(value));
      } catch (error) {
        outcome = '"k":"raised",' + raised(error, "@@candidate@@");
      }
      let after = "";
      for (let at = 0; at < arguments_.length; at++) after += (at ? "," : "") + shown(arguments_[at]);
      record('{"i":' + index + "," + outcome + ',"a":[' + after + "]}");
    }
    record("done " + (cases.length - first + 1));
    exit(0); // whatever timers are still there
  }
  main();
})();
