/**
 * Numbers and times out of bytes, for the usual forms; NaN for any other, which the plain path then reads as text. What
 * is read here is what `Number` and `Date.parse` give for the same text, to the bit: a test holds them equal.
 */

const zero = 48;
const point = 46;
const powers = Float64Array.from({ length: 16 }, (_, power) => 10 ** power);

/** Up to 15 digits, with a point among them or not: both the digits and the power of ten are exact, and so their quotient is the nearest number. */
export function decimalOf(bytes: Uint8Array, from: number, to: number): number {
  if (to - from > 15 || to === from) return NaN;
  let value = 0;
  let fraction = -1;
  for (let at = from; at < to; at++) {
    const digit = bytes[at]! - zero;
    if (digit >= 0 && digit <= 9) value = value * 10 + digit;
    else if (bytes[at] === point && fraction < 0 && at > from) fraction = to - at - 1;
    else return NaN;
  }
  return fraction > 0 ? value / powers[fraction]! : value;
}

/** Unix seconds of 2014-04-07T10:51:09.277Z: with a blank for the T, with no or up to three digits after a point, with or without Z. */
export function dateOf(bytes: Uint8Array, from: number, to: number): number {
  if (to - from < 19) return NaN;
  const two = (at: number): number => {
    const [tens, ones] = [bytes[from + at]! - zero, bytes[from + at + 1]! - zero];
    return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? 10 * tens + ones : NaN;
  };
  const is = (at: number, byte: number): boolean => bytes[from + at] === byte;
  if (!is(4, 45) || !is(7, 45) || !(is(10, 84) || is(10, 32)) || !is(13, 58) || !is(16, 58)) return NaN;
  const [year, month, day, hour, minute, second] = [100 * two(0) + two(2), two(5), two(8), two(11), two(14), two(17)];
  let end = to;
  if (bytes[end - 1] === 90) end--;
  let milliseconds = 0;
  if (end - from > 19) {
    const digits = end - from - 20;
    if (!is(19, point) || digits < 1 || digits > 3) return NaN;
    for (let at = from + 20; at < end; at++) {
      const digit = bytes[at]! - zero;
      if (digit < 0 || digit > 9) return NaN;
      milliseconds += digit * powers[2 - (at - from - 20)]!;
    }
  }
  // Comparisons with NaN are false: what is no digit ends here, as do days and hours that are none.
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= daysOf(year, month) && hour < 24 && minute < 60 && second < 60)) return NaN;
  return (((daysBefore(year, month) + day - 1) * 24 + hour) * 3600000 + minute * 60000 + second * 1000 + milliseconds) / 1000;
}

function daysOf(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Days from 1970-01-01 to the first of a month: years are counted from March, so that a leap day ends one. */
function daysBefore(year: number, month: number): number {
  const fromMarch = (month + 9) % 12;
  const y = month <= 2 ? year - 1 : year;
  return 365 * y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + Math.floor((153 * fromMarch + 2) / 5) - 719468;
}
