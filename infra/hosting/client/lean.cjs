// A deploy to Hosting would load all that deploys functions, databases and eight other products, with their emulators:
// two thirds of the time that the client takes to start. Here each of them is loaded when it is first used, which is
// never. It changes nothing but when; another layout of the client finds nothing to put off.
"use strict";

const Module = require("node:module");
const path = require("node:path");

const DEPLOYS = path.join("firebase-tools", "lib", "deploy", "index.js");
const OTHERS = new Set(
  ["database", "firestore", "functions", "storage", "remoteconfig", "extensions", "dataconnect", "apphosting", "auth"]
    .concat("ailogic", "run")
    .map((name) => `./${name}`),
);
const load = Module._load;

Module._load = function (request, parent, ...rest) {
  const whole = () => load.call(this, request, parent, ...rest);
  if (!OTHERS.has(request) || !parent?.filename?.endsWith(DEPLOYS)) return whole();
  return new Proxy({}, { get: (_, name) => whole()[name] });
};
