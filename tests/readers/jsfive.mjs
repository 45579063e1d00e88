// What jsfive reads of scene `a`: {field: [shape, sum of its values]}.
import fs from "fs";
import * as jsfive from "jsfive";
const bytes = fs.readFileSync(process.argv[2]);
const scene = new jsfive.File(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length), "product").get("a");
const read = (name) => [scene.get(name).shape, scene.get(name).value.reduce((sum, value) => sum + value, 0)];
const names = scene.keys.filter((name) => scene.get(name) instanceof jsfive.Dataset);
console.log(JSON.stringify(Object.fromEntries(names.map((name) => [name, read(name)]))));
