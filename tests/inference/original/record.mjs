// Records what the original TensorFlow.js models answer to one picture made by a formula (see numbers.json).
//
//   npm install @tensorflow/tfjs@4.22.0    (in a scratch folder; then run this file from there)
//   node record.mjs FOLDER_OF_NANODET FOLDER_OF_CENTERNET > numbers.json
//
// The folders are `package/models` of the npm packages that inference/shelf.json names.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const tf = createRequire(join(process.cwd(), "x.js"))("@tensorflow/tfjs");

// Integers only, so that every language computes the same bytes. Blocks, slopes and stripes.
const pixel = (y, x, c) =>
  ((x * (3 + c) + y * (5 - c)) % 251 >> ((x >> 5) + (y >> 6)) % 2) + (((x >> 4) ^ (y >> 4)) % 4) * 16;

function picture(size, channelsFirst, scale, offset) {
  const values = new Float32Array(3 * size * size);
  for (let c = 0; c < 3; c++)
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size; x++) {
        const at = channelsFirst ? (c * size + y) * size + x : (y * size + x) * 3 + c;
        values[at] = Math.fround((pixel(y, x, c) - offset) / scale);
      }
  return tf.tensor(values, channelsFirst ? [1, 3, size, size] : [1, size, size, 3]);
}

async function record(folder, name, input, outputs) {
  const topology = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"));
  const shard = readFileSync(join(folder, `${name}.bin`));
  const model = await tf.loadGraphModel({
    load: async () => ({
      modelTopology: topology.modelTopology,
      weightSpecs: topology.weightsManifest.flatMap((group) => group.weights),
      weightData: shard.buffer.slice(shard.byteOffset, shard.byteOffset + shard.byteLength),
      signature: topology.signature,
    }),
  });
  const results = model.execute(input, outputs);
  return results.map((result) => {
    const values = result.dataSync();
    const stride = Math.floor(values.length / 48);
    let sum = 0;
    let largest = -Infinity;
    for (const value of values) {
      sum += Math.abs(value);
      largest = Math.max(largest, value);
    }
    const sample = Array.from({ length: 48 }, (_, k) => values[k * stride]);
    return { shape: result.shape, stride, mean_magnitude: sum / values.length, largest, sample };
  });
}

await tf.setBackend("cpu");
const [nanodet, centernet] = process.argv.slice(2);
const numbers = {
  "nanodet-g": await record(nanodet, "nanodet", picture(416, true, 64, 112), [
    "Identity", "Identity_1", "Identity_2", "Identity_3", "Identity_4", "Identity_5",
  ]),
  "centernet-512": await record(centernet, "centernet", picture(512, false, 1, 0), [
    "tower_0/keypoints", "tower_0/wh",
  ]),
};
process.stdout.write(JSON.stringify({ tfjs: tf.version.tfjs, ...numbers }, null, 1) + "\n");
