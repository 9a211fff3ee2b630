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

#define WINDOWS                                                                                                        \\
  int height, int outHeight, int kernelHeight, int strideHeight, int top, int dilationHeight,                          \\
  int width, int outWidth, int kernelWidth, int strideWidth, int left, int dilationWidth

/** The share of dy that each element equal to its window's maximum has. */
extern "C" __global__ void maxPoolShares(const float *dy, const float *x, const float *y, float *shares, unsigned count, WINDOWS) {
  const unsigned at = blockIdx.x * blockDim.x + threadIdx.x;
  if (at >= count) return;
  const int column = at % outWidth, row = at / outWidth % outHeight;
  x += (size_t)(at / outWidth / outHeight) * height * width;
  const float value = y[at];
  int ties = 0;
  for (int i = 0, r = row * strideHeight - top; i < kernelHeight; i++, r += dilationHeight) {
    if (r < 0 || r >= height) continue;
    for (int j = 0, c = column * strideWidth - left; j < kernelWidth; j++, c += dilationWidth)
      if (c >= 0 && c < width && x[r * width + c] == value) ties++;
  }
  shares[at] = dy[at] / ties;
}

extern "C" __global__ void maxPoolGradient(const float *shares, const float *x, const float *y, float *dx, unsigned count, WINDOWS) {
  const unsigned at = blockIdx.x * blockDim.x + threadIdx.x;
  if (at >= count) return;
  const int column = at % width, row = at / width % height;
  const size_t map = (size_t)(at / width / height) * outHeight * outWidth;
  const float value = x[at];
  float total = 0.f;
  // the last window that reaches the element, and those before it while they do
  const int lastRow = min((row + top) / strideHeight, outHeight - 1), lastColumn = min((column + left) / strideWidth, outWidth - 1);
  const int reachHeight = (kernelHeight - 1) * dilationHeight, reachWidth = (kernelWidth - 1) * dilationWidth;
  for (int p = lastRow; p >= 0; p--) {
    const int down = row + top - p * strideHeight;
    if (down > reachHeight) break;
    if (dilationHeight > 1 && down % dilationHeight != 0) continue;
    for (int q = lastColumn; q >= 0; q--) {
      const int across = column + left - q * strideWidth;
      if (across > reachWidth) break;
      if (dilationWidth > 1 && across % dilationWidth != 0) continue;
      const size_t window = map + p * outWidth + q;
      if (y[window] == value) total += shares[window];
    }
  }
  dx[at] = total;
}
`;
