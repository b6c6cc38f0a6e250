/** Draws what takes long as a bar under the cell: give it to whatever takes a `progress`. */
declare const progress: import("sessionlab").NotebookProgress;
