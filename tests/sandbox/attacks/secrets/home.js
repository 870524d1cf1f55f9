console.log(require("fs").readFileSync("@SECRET@", "utf8"));
console.log("ESCAPED");
