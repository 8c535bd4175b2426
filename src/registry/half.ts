/** Half precision, bit for bit as IEEE 754 (binary16) and bfloat16 have it. Node 20 has no Float16Array. */

/** Round to nearest, ties to even; subnormals kept; beyond 65504 infinite. */
export function floatsToHalves(floats: Float32Array): Uint16Array {
  const bits = new Uint32Array(floats.buffer, floats.byteOffset, floats.length)
  const halves = new Uint16Array(floats.length)
  for (let index = 0; index < bits.length; index++) halves[index] = toHalf(bits[index] as number)
  return halves
}

function toHalf(float: number): number {
  const sign = (float >>> 16) & 0x8000
  const magnitude = float & 0x7fffffff
  if (magnitude >= 0x7f800000) return sign | 0x7c00 | (magnitude > 0x7f800000 ? 0x0200 : 0)
  // 65520, halfway between the largest half and what would follow it.
  if (magnitude >= 0x477ff000) return sign | 0x7c00
  if (magnitude >= 0x38800000) {
    const odd = (magnitude >>> 13) & 1
    return sign | ((magnitude - 0x38000000 + 0x0fff + odd) >>> 13)
  }
  // Subnormal: the significand with its hidden bit, in steps of 2^-24.
  const exponent = magnitude >>> 23
  if (exponent < 102) return sign
  const shift = 126 - exponent
  const significand = (magnitude & 0x7fffff) | 0x800000
  const kept = significand >>> shift
  const rest = significand & ((1 << shift) - 1)
  const halfway = 1 << (shift - 1)
  return sign | (kept + (rest > halfway || (rest === halfway && (kept & 1) === 1) ? 1 : 0))
}

export function halvesToFloats(halves: Uint16Array): Float32Array {
  const floats = new Float32Array(halves.length)
  const bits = new Uint32Array(floats.buffer)
  for (let index = 0; index < halves.length; index++) {
    const half = halves[index] as number
    const sign = (half & 0x8000) << 16
    const exponent = (half >>> 10) & 0x1f
    const fraction = half & 0x3ff
    if (exponent === 0) {
      floats[index] = (sign ? -1 : 1) * fraction * 2 ** -24
    } else {
      bits[index] = sign | ((exponent === 31 ? 255 : exponent + 112) << 23) | (fraction << 13)
    }
  }
  return floats
}

/** bfloat16 is the upper half of an fp32. */
export function bfloatsToFloats(bfloats: Uint16Array): Float32Array {
  const floats = new Float32Array(bfloats.length)
  const bits = new Uint32Array(floats.buffer)
  for (let index = 0; index < bfloats.length; index++) bits[index] = (bfloats[index] as number) << 16
  return floats
}
