// A vector for each image file, as `hcsc embed` makes it, with what `hcsc export` wrote: node embed.mjs MODEL FILE...
import { InferenceSession, Tensor } from "onnxruntime-node";
import sharp from "sharp";

const [model, ...files] = process.argv.slice(2);
const session = await InferenceSession.create(`${model}/encoder.onnx`);
for (const file of files) {
  const image = sharp(file, { pages: 1 }).rotate().flatten({ background: "#ffffff" }).toColourspace("srgb");
  const { data, info } = await image.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
  const images = new Tensor("uint8", data, [1, info.height, info.width, info.channels]);
  const { features } = await session.run({ images }, ["features"]);
  console.log(JSON.stringify({ file, vector: Array.from(features.data) }));
}
