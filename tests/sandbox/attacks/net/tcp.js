require("net").connect(@PORT@, "127.0.0.1", () => console.log("ESCAPED"));
