// What the API says of goods of the day; each file declares its part on the builder when it is imported.
import "./hotgoods.ts";
import type { Room } from "../room.ts";
import { hotgoodsExamples } from "./examples.ts";
import { createGoodsUpload } from "./goods-upload.ts";

export const hotgoodsRoom: Room = { examples: hotgoodsExamples, files: { "hot-goods": createGoodsUpload } };
