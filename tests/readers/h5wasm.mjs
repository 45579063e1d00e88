// What h5wasm, the HDF5 library of h5web, reads of the first scene: {field: [shape, sum of its values]}.
import h5wasm from "h5wasm/node";
await h5wasm.ready;
const file = new h5wasm.File(process.argv[2], "r");
const scene = file.get(file.keys()[0]);
const read = (name) => [scene.get(name).shape, scene.get(name).value.reduce((sum, value) => sum + value, 0)];
const names = scene.keys().filter((name) => scene.get(name) instanceof h5wasm.Dataset);
console.log(JSON.stringify(Object.fromEntries(names.map((name) => [name, read(name)]))));
