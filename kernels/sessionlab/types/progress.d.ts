/** A bar under the cell: give it to what takes a `progress`; it becomes one line when the cell ends. */
declare const progress: import("sessionlab").NotebookProgress;
