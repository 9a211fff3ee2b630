/** Gradients of rectifiers and of max pooling in CUDA C, one thread an element. */
export const elementwise: string = /* CUDA C */ `
extern "C" __global__ void reluGradient(const float *dy, const float *y, float *dx, unsigned count) {
  const unsigned vectors = count / 4;
  for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < vectors; i += gridDim.x * blockDim.x) {
    const float4 g = ((const float4 *)dy)[i], v = ((const float4 *)y)[i];
    ((float4 *)dx)[i] = make_float4(v.x > 0.f ? g.x : 0.f, v.y > 0.f ? g.y : 0.f, v.z > 0.f ? g.z : 0.f, v.w > 0.f ? g.w : 0.f);
  }
  if (blockIdx.x == 0 && threadIdx.x < count % 4) {
    const unsigned i = vectors * 4 + threadIdx.x;
    dx[i] = y[i] > 0.f ? dy[i] : 0.f;
  }
}

/** Every element equal to its window's maximum has an equal share of dy. */
extern "C" __global__ void maxPoolGradient(const float *dy, const float *x, const float *y, float *dx, unsigned count,
                                           int height, int outHeight, int kernelHeight, int strideHeight, int top, int dilationHeight,
                                           int width, int outWidth, int kernelWidth, int strideWidth, int left, int dilationWidth) {
  const unsigned at = blockIdx.x * blockDim.x + threadIdx.x;
  if (at >= count) return;
  const int column = at % width, row = at / width % height;
  const unsigned map = at / width / height;
  x += (size_t)map * height * width;
  y += (size_t)map * outHeight * outWidth;
  dy += (size_t)map * outHeight * outWidth;
  const float value = x[row * width + column];
  float total = 0.f;
  for (int i = 0; i < kernelHeight; i++) {
    const int upper = row + top - i * dilationHeight;
    if (upper < 0 || upper % strideHeight != 0 || upper / strideHeight >= outHeight) continue;
    for (int j = 0; j < kernelWidth; j++) {
      const int before = column + left - j * dilationWidth;
      if (before < 0 || before % strideWidth != 0 || before / strideWidth >= outWidth) continue;
      const int p = upper / strideHeight, q = before / strideWidth;
      if (y[p * outWidth + q] != value) continue;
      int ties = 0;
      for (int k = 0; k < kernelHeight; k++)
        for (int l = 0; l < kernelWidth; l++) {
          const int r = p * strideHeight - top + k * dilationHeight, s = q * strideWidth - left + l * dilationWidth;
          if (r >= 0 && r < height && s >= 0 && s < width && x[r * width + s] == value) ties++;
        }
      total += dy[p * outWidth + q] / ties;
    }
  }
  dx[at] = total;
}
`;
