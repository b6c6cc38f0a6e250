/** log(1 + exp(x)), without overflow: minus the log probability of the other side under log odds x. */
export function softplus(x: number): number {
  return x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x));
}
