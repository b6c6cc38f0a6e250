/** What every cell has without an import; lab, tf, dfd, plot and progress are in files of their own, read when a cell names them. */

/** What is shown, to be updated later. */
interface DisplayHandle {
  readonly id: string;
  /** Shows another value in the place of the first. */
  update(value: unknown): void;
}

interface Display {
  /**
   * Shows a value under the cell, as rich as it can be: frames, figures, graphs, tensors, and everything with a method
   * under `Symbol.for("Jupyter.display")`.
   */
  (value: unknown, options?: { readonly id?: string }): DisplayHandle;
  /** Replaces what a display of this id shows, also one of an earlier cell. */
  update(value: unknown, id: string): void;
  html(text: string): void;
  markdown(text: string): void;
  latex(text: string): void;
  svg(text: string): void;
  /** Bytes of an image. @param type its MIME type, by default image/png */
  image(bytes: Uint8Array, type?: string): void;
  json(value: unknown): void;
  /** Representations by MIME type, as they are. */
  bundle(bundle: Readonly<Record<string, unknown>>): void;
  /** Removes the cell's output. @param options wait: only when the next output is there */
  clear(options?: { readonly wait?: boolean }): void;
}

/** Shows values under the cell: `display(value)`, `display.html("<b>x</b>")`. */
declare const display: Display;

/** Fires when the cell is interrupted: give it to what takes an AbortSignal. */
declare const signal: AbortSignal;

/** Asks the user and waits for the answer. */
declare function prompt(question?: string, options?: { readonly password?: boolean }): string;

interface CommMessage {
  readonly data: Readonly<Record<string, any>>;
  readonly buffers: readonly Uint8Array[];
}

interface Comm {
  readonly id: string;
  readonly target: string;
  onMessage: (message: CommMessage) => void;
  onClose: (message: CommMessage) => void;
  send(data: object, buffers?: readonly Uint8Array[]): void;
  close(data?: object): void;
}

/** Channels to something in the front end, such as a widget. */
declare const comms: {
  register(target: string, answer: (comm: Comm, opening: CommMessage) => void): void;
  open(target: string, data?: object, metadata?: object): Comm;
};
