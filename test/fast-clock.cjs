/** Preloaded in a process, lets its clock run a hundred times faster: a checkpoint every 20 seconds comes every 0.2. */
const now = performance.now.bind(performance);
performance.now = () => 100 * now();
