/**
 * An ONNX file of one node: `score` [batch, 1] = `features` [batch, n] · weights. Fields as in
 * onnx.proto3.
 */
export function linearModel(weights: readonly number[]): Buffer {
  const node = message(
    [1, text("features")],
    [1, text("weights")],
    [2, text("score")],
    [4, text("MatMul")],
  );
  const raw = Buffer.from(Float32Array.from(weights).buffer);
  const initializer = message(
    [1, weights.length],
    [1, 1],
    [2, float32],
    [8, text("weights")],
    [9, raw],
  );
  const graph = message(
    [1, node],
    [2, text("linear")],
    [5, initializer],
    [11, value("features", weights.length)],
    [12, value("score", 1)],
  );
  return message([1, 8], [8, message([1, text("")], [2, 17])], [7, graph]);
}

const float32 = 1;

function value(name: string, width: number): Buffer {
  const shape = message([1, message([2, text("batch")])], [1, message([1, width])]);
  return message([1, text(name)], [2, message([1, message([1, float32], [2, shape])])]);
}

function text(value: string): Buffer {
  return Buffer.from(value);
}

function message(...fields: readonly (readonly [field: number, value: number | Buffer])[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([field, given]) =>
      typeof given === "number"
        ? [varint(field << 3), varint(given)]
        : [varint((field << 3) | 2), varint(given.length), given],
    ),
  );
}

function varint(number: number): Buffer {
  const bytes: number[] = [];
  for (let rest = number; ; rest >>>= 7) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 127) | 128);
  }
}
