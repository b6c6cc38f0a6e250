/** danfo: data frames for small tables. */
declare const dfd: typeof import("danfojs-node");
