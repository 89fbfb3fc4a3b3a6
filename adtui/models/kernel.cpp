// Attention and what it tells of all rows, in one pass over the scores. `kernel.py` builds and calls this.
//
// Plain C++17 and the vector types of GCC and Clang; compiled on the machine that runs it, for that machine.
// Eight query rows are taken at once. Their scores are computed tile by tile in base 2 (queries carry log2 e), a tile's
// weights are 2^(s - m) with m the row's largest score so far, and what was summed under an earlier m is scaled when m
// grows. With l = sum of weights and t = sum of weights times (m - s), the entropy is ln l + ln 2 * t / l: both terms are
// at least 0 and nothing cancels. Weights of the eight rows stay in a buffer, from which every key's sum is taken once
// m and l are final, in double precision over the rows.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <thread>
#include <vector>

namespace {

#if defined(__AVX512F__)
constexpr int W = 16, SCORE_ROWS = 8;
#elif defined(__AVX__)
constexpr int W = 8, SCORE_ROWS = 4;
#elif defined(__aarch64__)
constexpr int W = 4, SCORE_ROWS = 8;
#else
constexpr int W = 4, SCORE_ROWS = 4;
#endif
typedef float Vec __attribute__((vector_size(W * 4)));
typedef int32_t Ints __attribute__((vector_size(W * 4)));

constexpr int ROWS = 8, PANEL = 2 * W, TILE = 128, PANELS = TILE / PANEL;
constexpr float FAR = -1e30f, LEAST = -126.0f, LOG2_E = 1.44269504088896341f, LN_2 = 0.693147180559945309f;

inline Vec all(float x) { return Vec{} + x; }
inline Ints lanes() {
  Ints at;
  for (int i = 0; i < W; i++) at[i] = i;
  return at;
}

// 2^x for x <= 0, within 2 units in the last place; 0 below 2^-126.
inline Vec exp2(Vec x) {
  const Vec shift = all(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer, in the low bits
  Vec t = x + shift;
  Vec f = x - (t - shift);
  Vec p = f * 1.534581127e-4f + 1.339993121e-3f;
  p = p * f + 9.618488960e-3f;
  p = p * f + 5.550328777e-2f;
  p = p * f + 2.402264689e-1f;
  p = p * f + 6.931472057e-1f;
  p = p * f + 1.0f;
  Ints bits = ((Ints)t << 23) + (Ints)p;
  return x < all(LEAST) ? Vec{} : (Vec)bits;
}

inline float sum(Vec x) {
  float s = 0;
  for (int i = 0; i < W; i++) s += x[i];
  return s;
}

inline float most(Vec x) {
  float m = x[0];
  for (int i = 1; i < W; i++) m = x[i] > m ? x[i] : m;
  return m;
}

struct Free { void operator()(float *p) const { ::operator delete[](p, std::align_val_t(64)); } };
using Buffer = std::unique_ptr<float[], Free>;
Buffer room(int64_t floats) {
  return Buffer(static_cast<float *>(::operator new[](static_cast<size_t>(floats) * 4, std::align_val_t(64))));
}

struct Problem {
  const float *q, *k, *v;
  int64_t B, H, G, N, d;  // batch, heads, heads that have keys of their own, tokens, width of a head
  const int64_t *strides;  // q, k, v: batch, head, token
  bool causal;
  int shares;  // threads that divide one head's rows
  float *out;  // (B, H, N, d), or null where no output is wanted
  double *received, *entropy, *parts;  // parts: received of the shares behind the first, (shares - 1, B, H, N)
};

// What one thread works in.
struct Worker {
  const Problem &p;
  const int64_t padded, wide;  // keys, and a head's width, filled up to whole panels and vectors
  Buffer keys, values, weights, queries, outputs;
  std::vector<float> tops;  // m of a row when a tile's weights were taken, (tile, row)
  int64_t packed = -1;
  float top[ROWS], gap[ROWS];
  double total[ROWS], spread[ROWS];

  explicit Worker(const Problem &problem)
      : p(problem),
        padded((problem.N + TILE - 1) / TILE * TILE),
        wide((problem.d + W - 1) / W * W),
        keys(room(padded * problem.d)), values(room(problem.out ? padded * wide : W)), weights(room(padded * ROWS)),
        queries(room(problem.d * ROWS)), outputs(room(wide * ROWS)),
        tops(static_cast<size_t>(padded / TILE * ROWS)) {}

  // A row's weights of one tile; the rows of a tile lie together, as rows apart by a power of 2 would share cache sets.
  float *at_row(int64_t tile, int row) const { return weights.get() + (tile * ROWS + row) * TILE; }

  // Keys as panels of (d, PANEL), values as rows of `wide`; filled up with 0.
  void pack(int64_t b, int64_t g) {
    if (packed == b * p.G + g) return;
    packed = b * p.G + g;
    const float *k = p.k + b * p.strides[3] + g * p.strides[4], *v = p.v + b * p.strides[6] + g * p.strides[7];
    for (int64_t j = 0; j < padded; j++) {
      float *panel = &keys[j / PANEL * PANEL * p.d + j % PANEL];
      for (int64_t i = 0; i < p.d; i++) panel[i * PANEL] = j < p.N ? k[j * p.strides[5] + i] : 0.0f;
      for (int64_t i = 0; p.out && i < wide; i++) values[j * wide + i] = j < p.N && i < p.d ? v[j * p.strides[8] + i] : 0.0f;
    }
  }

  // Scores of R rows from `row` on with one panel of keys, hidden ones FAR; the largest of each row into `high`.
  template <int R, bool MASKED>
  void score(int row, int64_t panel, const int64_t *seen, Vec *high) {
    Vec acc[R][2] = {};
    const float *k = &keys[panel * PANEL * p.d], *q = &queries[row];
    for (int64_t i = 0; i < p.d; i++, k += PANEL, q += ROWS) {
      const Vec first = *(const Vec *)k, second = *(const Vec *)(k + W);
      for (int r = 0; r < R; r++) {
        acc[r][0] += first * q[r];
        acc[r][1] += second * q[r];
      }
    }
    for (int r = 0; r < R; r++) {
      if (MASKED)
        for (int half = 0; half < 2; half++) {
          const Ints at = lanes() + static_cast<int32_t>(panel * PANEL + half * W - seen[row + r]);
          acc[r][half] = at < Ints{} ? acc[r][half] : all(FAR);
        }
      float *to = at_row(panel / PANELS, row + r) + panel % PANELS * PANEL;
      *(Vec *)to = acc[r][0];
      *(Vec *)(to + W) = acc[r][1];
      const Vec larger = acc[r][0] > acc[r][1] ? acc[r][0] : acc[r][1];
      high[row + r] = larger > high[row + r] ? larger : high[row + r];
    }
  }

  // A row's scores of `panels` panels become weights; its sums go on.
  void weigh(int row, int64_t tile, int64_t panels, float high) {
    if (!(high <= top[row])) {
      const float by = std::exp2(top[row] - high), up = high - top[row];
      spread[row] = total[row] > 0 ? (spread[row] + total[row] * up) * by : 0.0;
      total[row] *= by;
      for (int64_t i = 0; i < wide; i++) outputs[row * wide + i] *= by;
      top[row] = high;
    }
    tops[static_cast<size_t>(tile * ROWS + row)] = top[row];
    const Vec m = all(top[row]);
    Vec l[2] = {}, t[2] = {};
    float *s = at_row(tile, row);
    for (int64_t j = 0; j < panels; j++, s += PANEL)
      for (int half = 0; half < 2; half++) {
        const Vec x = *(Vec *)(s + half * W) - m, e = exp2(x);
        *(Vec *)(s + half * W) = e;
        l[half] += e;
        t[half] -= e * x;
      }
    total[row] += sum(l[0] + l[1]);
    spread[row] += sum(t[0] + t[1]);
  }

  // Outputs of the rows go on with the values of a tile, C vectors of their width at a time.
  template <int C>
  void add_values(int64_t tile, int64_t count, int64_t column) {
    Vec acc[ROWS][C];
    for (int r = 0; r < ROWS; r++)
      for (int c = 0; c < C; c++) acc[r][c] = *(Vec *)&outputs[r * wide + column + c * W];
    const float *v = &values[tile * TILE * wide + column], *e = at_row(tile, 0);
    for (int64_t j = 0; j < count; j++, v += wide, e++)
      for (int r = 0; r < ROWS; r++)
        for (int c = 0; c < C; c++) acc[r][c] += *(const Vec *)(v + c * W) * e[r * TILE];
    for (int r = 0; r < ROWS; r++)
      for (int c = 0; c < C; c++) *(Vec *)&outputs[r * wide + column + c * W] = acc[r][c];
  }

  // ln of the sum of a row's weights, and its digits where one weight is nearly all of it.
  double log_total(int row, int64_t tiles, int64_t seen) const {
    if (!(total[row] < 1.5)) return std::log(total[row]);
    double rest = 0;
    for (int64_t tile = 0; tile < tiles; tile++) {
      const float *e = at_row(tile, row), own = tops[static_cast<size_t>(tile * ROWS + row)];
      const Vec below = all(own == top[row] ? 1.0f : 2.0f);  // a weight of 1 is the row's largest, unless m has grown
      Vec part = {};
      for (int64_t j = 0; j < std::min<int64_t>(TILE, seen - tile * TILE); j += W) {
        const Vec x = *(const Vec *)(e + j);
        part += x < below ? x : Vec{};
      }
      rest += sum(part) * std::exp2(own - top[row]);
    }
    return rest > 0.5 ? std::log(total[row]) : std::log1p(rest);
  }

  void rows(int64_t b, int64_t h, int64_t start, double *received) {
    const int64_t count = std::min<int64_t>(ROWS, p.N - start), end = p.causal ? start + count : p.N;
    const int64_t tiles = (end + TILE - 1) / TILE, at = (b * p.H + h) * p.N;
    const float scale = LOG2_E / std::sqrt(static_cast<float>(p.d));
    const float *q = p.q + b * p.strides[0] + h * p.strides[1];
    int64_t seen[ROWS];
    for (int r = 0; r < ROWS; r++) {
      for (int64_t i = 0; i < p.d; i++)
        queries[i * ROWS + r] = r < count ? q[(start + r) * p.strides[2] + i] * scale : 0.0f;
      seen[r] = p.causal ? std::min(start + r + 1, end) : p.N;
      top[r] = FAR;
      total[r] = spread[r] = 0;
    }
    std::memset(outputs.get(), 0, static_cast<size_t>(ROWS * wide) * 4);
    for (int64_t tile = 0; tile < tiles; tile++) {
      const int64_t keys_here = std::min<int64_t>(TILE, end - tile * TILE), panels = (keys_here + PANEL - 1) / PANEL;
      Vec high[ROWS];
      for (Vec &x : high) x = all(FAR);
      for (int64_t j = tile * PANELS; j < tile * PANELS + panels; j++)
        for (int r = 0; r < ROWS; r += SCORE_ROWS)
          (j + 1) * PANEL > seen[0] ? score<SCORE_ROWS, true>(r, j, seen, high)
                                    : score<SCORE_ROWS, false>(r, j, seen, high);
      for (int r = 0; r < ROWS; r++) weigh(r, tile, panels, most(high[r]));
      if (!p.out) continue;
      int64_t column = 0;
      for (; SCORE_ROWS == ROWS && column + 2 * W <= wide; column += 2 * W) add_values<2>(tile, keys_here, column);
      for (; column < wide; column += W) add_values<1>(tile, keys_here, column);
    }
    for (int r = 0; r < count; r++) {
      p.entropy[at + start + r] = log_total(r, tiles, seen[r]) + LN_2 * spread[r] / total[r];
      for (int64_t i = 0; p.out && i < p.d; i++)
        p.out[(at + start + r) * p.d + i] = static_cast<float>(outputs[r * wide + i] / total[r]);
    }
    receive(static_cast<int>(count), tiles, end, received);
  }

  // Every key's sum over the rows, once these are known.
  void receive(int count, int64_t tiles, int64_t end, double *received) {
    for (int64_t tile = 0; tile < tiles; tile++) {
      float by[ROWS];
      for (int r = 0; r < ROWS; r++) {
        const float from = tops[static_cast<size_t>(tile * ROWS + r)];
        by[r] = r < count ? static_cast<float>(std::exp2(from - top[r]) / total[r]) : 0.0f;
      }
      float part[TILE];
      const float *e = at_row(tile, 0);
      const int64_t keys_here = std::min<int64_t>(TILE, end - tile * TILE);
      for (int64_t j = 0; j < keys_here; j += W) {
        Vec s = {};
        for (int r = 0; r < ROWS; r++) s += *(const Vec *)(e + r * TILE + j) * by[r];
        std::memcpy(part + j, &s, sizeof s);
      }
      for (int64_t j = 0; j < keys_here; j++) received[tile * TILE + j] += static_cast<double>(part[j]);
    }
  }
};

void work(const Problem &p, int64_t thread, int64_t threads, bool *failed) try {
  Worker own(p);
  for (int64_t item = thread; item < p.B * p.H * p.shares; item += threads) {
    const int64_t group = item / p.shares, share = item % p.shares, b = group / p.H, h = group % p.H;
    own.pack(b, h / (p.H / p.G));
    double *received = share ? p.parts + ((share - 1) * p.B * p.H + group) * p.N : p.received + group * p.N;
    std::fill(received, received + p.N, 0.0);
    for (int64_t start = share * ROWS; start < p.N; start += p.shares * ROWS) own.rows(b, h, start, received);
  }
} catch (...) {
  *failed = true;
}

int64_t common(int64_t a, int64_t b) { return b ? common(b, a % b) : a; }

}  // namespace

// sizes: B, H, G, N, d; strides: batch, head and token of q, of k and of v, whose last dimension is contiguous.
// 0: done; 1: no memory or no thread was to be had.
extern "C" int adtui_measure(const float *q, const float *k, const float *v, const int64_t *sizes,
                             const int64_t *strides, int causal, int threads, float *out, double *received,
                             double *entropy) try {
  Problem p{q, k, v, sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], strides, causal != 0, 1, out, received,
            entropy, nullptr};
  const int64_t groups = p.B * p.H, blocks = (p.N + ROWS - 1) / ROWS;
  const int64_t many = std::max<int64_t>(1, std::min<int64_t>(threads, groups * blocks));
  p.shares = static_cast<int>(std::min(blocks, many / common(groups, many)));
  std::vector<double> parts(static_cast<size_t>((p.shares - 1) * groups * p.N));
  p.parts = parts.data();
  std::unique_ptr<bool[]> failed(new bool[static_cast<size_t>(many)]());
  std::vector<std::thread> others;
  try {
    for (int64_t i = 1; i < many; i++) others.emplace_back(work, std::cref(p), i, many, &failed[i]);
  } catch (...) { failed[0] = true; }
  if (!failed[0]) work(p, 0, many, &failed[0]);
  for (std::thread &other : others) other.join();
  if (std::any_of(&failed[0], &failed[many], [](bool one) { return one; })) return 1;
  for (int64_t i = 0; i < static_cast<int64_t>(parts.size()); i++) received[i % (groups * p.N)] += parts[i];
  return 0;
} catch (...) {
  return 1;
}
