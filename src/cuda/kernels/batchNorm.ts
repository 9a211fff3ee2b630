/**
 * Batch normalisation of images [N,C,H,W] in CUDA C. A block has a piece of one channel; the last block of a channel to end adds up
 * what all found, always in the same order, so that the same numbers give the same bits.
 *
 * Statistics are merged by count, mean and sum of squared distances (Chan et al. 1979): as accurate as two passes, whatever the mean.
 * Sums and passes: statistics read x once, normalising reads x and writes y, the gradient reads dy and x twice and writes dx. Where a
 * rectifier follows, its mask is made again from x, by the very arithmetic that made y.
 */

/** Threads of a block. */
export const threads = 256;
/** Into how many pieces a channel may be cut: what one warp adds up. */
export const mostPieces = 32;

const shared = /* CUDA C */ `
#define THREADS ${threads}
#define WARPS (THREADS / 32)

struct Moments { float count, mean, squares; };

__device__ __forceinline__ Moments merged(Moments a, Moments b) {
  float count = a.count + b.count;
  if (count == 0.f) return a;
  float d = b.mean - a.mean, share = b.count / count;
  return { count, fmaf(d, share, a.mean), a.squares + b.squares + d * d * a.count * share };
}
__device__ __forceinline__ Moments down(Moments m, int by) {
  return { __shfl_down_sync(~0u, m.count, by), __shfl_down_sync(~0u, m.mean, by), __shfl_down_sync(~0u, m.squares, by) };
}

struct Sums { float total, along; };

__device__ __forceinline__ Sums merged(Sums a, Sums b) { return { a.total + b.total, a.along + b.along }; }
__device__ __forceinline__ Sums down(Sums m, int by) {
  return { __shfl_down_sync(~0u, m.total, by), __shfl_down_sync(~0u, m.along, by) };
}

/** What the lanes of a warp hold, merged, in lane 0. */
template <class T> __device__ __forceinline__ T ofWarp(T m) {
  for (int by = 16; by > 0; by >>= 1) m = merged(m, down(m, by));
  return m;
}

/** What the threads of a block hold, merged, in thread 0. */
template <class T> __device__ __forceinline__ T ofBlock(T m) {
  __shared__ T warps[WARPS];
  m = ofWarp(m);
  if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = m;
  __syncthreads();
  if (threadIdx.x == 0)
    for (int w = 1; w < WARPS; w++) m = merged(m, warps[w]);
  return m;
}

/** What the blocks of a channel found, in lane 0 of the last one to end; true there. */
template <class T> __device__ bool ofChannel(T &m, T *parts, unsigned *tickets) {
  const int c = blockIdx.x, pieces = gridDim.y;
  m = ofBlock(m);
  if (pieces == 1) return threadIdx.x == 0;
  __shared__ bool last;
  if (threadIdx.x == 0) {
    parts[c * pieces + blockIdx.y] = m;
    __threadfence();
    last = atomicAdd(&tickets[c], 1u) == pieces - 1;
  }
  __syncthreads();
  if (!last || threadIdx.x >= 32) return false;
  __threadfence();
  T part = {};
  if (threadIdx.x < pieces) {
    const volatile float *from = (const volatile float *)&parts[c * pieces + threadIdx.x];
    for (int i = 0; i < (int)(sizeof(T) / sizeof(float)); i++) ((float *)&part)[i] = from[i];
  }
  m = ofWarp(part);
  if (threadIdx.x == 0) tickets[c] = 0; // for the next run
  return threadIdx.x == 0;
}

/** Vectors of V floats: the places of channel c that this block has, one after another. */
template <int V> struct Vector { float of[V]; };
template <> struct __align__(16) Vector<4> { float of[4]; };

template <int V, class F> __device__ __forceinline__ void eachPlace(int channels, int positions, int total, int chunk, F f) {
  const int last = min(total, ((int)blockIdx.y + 1) * chunk);
  int e = blockIdx.y * chunk + threadIdx.x;
  int image = e / positions, place = e - image * positions;
  const int images = THREADS / positions, places = THREADS - images * positions;
  for (; e < last; e += THREADS) {
    f((size_t)(image * channels + (int)blockIdx.x) * positions + place);
    image += images;
    place += places;
    if (place >= positions) { place -= positions; image++; }
  }
}
`;

const statistics = (v: number) => /* CUDA C */ `
extern "C" __global__ void __launch_bounds__(THREADS)
batchStatistics${v}(const Vector<${v}> *x, float *mean, float *variance, Moments *parts, unsigned *tickets,
                    int channels, int positions, int total, int chunk, float size) {
  Moments m = {};
  const float pilot = x[(size_t)blockIdx.x * positions].of[0]; // a value of the channel: what differs from it is small beside a large mean
  eachPlace<${v}>(channels, positions, total, chunk, [&](size_t at) {
    const Vector<${v}> v = x[at];
    Moments next = { ${v}.f, 0.f, 0.f };
    for (int i = 0; i < ${v}; i++) next.mean += v.of[i] - pilot;
    next.mean *= 1.f / ${v};
    for (int i = 0; i < ${v}; i++) {
      const float d = v.of[i] - pilot - next.mean;
      next.squares = fmaf(d, d, next.squares);
    }
    m = merged(m, next);
  });
  if (!ofChannel(m, parts, tickets)) return;
  mean[blockIdx.x] = pilot + m.mean;
  variance[blockIdx.x] = m.squares / size;
}

extern "C" __global__ void __launch_bounds__(THREADS)
batchNormalize${v}(const Vector<${v}> *x, const float *scale, const float *bias, const float *mean, const float *variance,
                   const Vector<${v}> *other, Vector<${v}> *y, int channels, int positions, int total, int chunk,
                   float epsilon, int rectified) {
  const int c = blockIdx.x;
  const float average = mean[c], slope = scale[c] / sqrtf(variance[c] + epsilon), shift = bias[c];
  eachPlace<${v}>(channels, positions, total, chunk, [&](size_t at) {
    Vector<${v}> v = x[at];
    for (int i = 0; i < ${v}; i++) v.of[i] = fmaf(v.of[i] - average, slope, shift);
    if (other) {
      const Vector<${v}> o = other[at];
      for (int i = 0; i < ${v}; i++) v.of[i] += o.of[i];
    }
    if (rectified)
      for (int i = 0; i < ${v}; i++) v.of[i] = v.of[i] < 0.f ? 0.f : v.of[i]; // NaN stays
    y[at] = v;
  });
}

extern "C" __global__ void __launch_bounds__(THREADS)
batchGradientSums${v}(const Vector<${v}> *dy, const Vector<${v}> *x, const float *scale, const float *mean, const float *variance,
                      const float *bias, float *dscale, float *dbias, Sums *parts, unsigned *tickets,
                      int channels, int positions, int total, int chunk, float epsilon) {
  const int c = blockIdx.x;
  const bool rectified = bias != nullptr;
  const float average = mean[c], root = sqrtf(variance[c] + epsilon), slope = scale[c] / root;
  const float shift = rectified ? bias[c] : 0.f;
  Sums m = {};
  eachPlace<${v}>(channels, positions, total, chunk, [&](size_t at) {
    const Vector<${v}> g = dy[at], v = x[at];
    for (int i = 0; i < ${v}; i++) {
      const float centred = v.of[i] - average;
      const float kept = rectified && !(fmaf(centred, slope, shift) > 0.f) ? 0.f : g.of[i];
      m.total += kept;
      m.along = fmaf(kept, centred, m.along);
    }
  });
  if (!ofChannel(m, parts, tickets)) return;
  dscale[c] = m.along / root;
  dbias[c] = m.total;
}

extern "C" __global__ void __launch_bounds__(THREADS)
batchGradient${v}(const Vector<${v}> *dy, const Vector<${v}> *x, const float *scale, const float *mean, const float *variance,
                  const float *bias, const float *dscale, const float *dbias, Vector<${v}> *dx,
                  int channels, int positions, int total, int chunk, float epsilon, float size) {
  const int c = blockIdx.x;
  const bool rectified = bias != nullptr;
  const float average = mean[c], root = sqrtf(variance[c] + epsilon), slope = scale[c] / root;
  const float shift = rectified ? bias[c] : 0.f;
  const float along = -slope * dscale[c] / (root * size), level = -slope * dbias[c] / size;
  eachPlace<${v}>(channels, positions, total, chunk, [&](size_t at) {
    Vector<${v}> g = dy[at];
    const Vector<${v}> v = x[at];
    for (int i = 0; i < ${v}; i++) {
      const float centred = v.of[i] - average;
      const float kept = rectified && !(fmaf(centred, slope, shift) > 0.f) ? 0.f : g.of[i];
      g.of[i] = fmaf(slope, kept, fmaf(centred, along, level));
    }
    dx[at] = g;
  });
}
`;

export const batchNorm: string = shared + statistics(1) + statistics(4);
