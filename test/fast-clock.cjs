/** Preloaded in a process, lets its clock run a thousand times faster: a checkpoint every 20 seconds comes every 0.02. */
const now = performance.now.bind(performance);
performance.now = () => 1000 * now();
