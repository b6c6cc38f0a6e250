/**
 * The little of a canvas that plotly's heatmaps, images and 2-d histograms need: rectangles of one colour and blocks
 * of pixels in, a PNG as a data URI out.
 */
import { PNG } from "pngjs";

/** What plotly calls on the canvas of a heatmap. */
export class StaticCanvas {
  fillStyle = "rgba(0,0,0,1)";
  private png: PNG | undefined;

  constructor(private readonly size: () => { readonly width: number; readonly height: number }) {}

  fillRect(x: number, y: number, width: number, height: number): void {
    const png = this.image();
    const [red, green, blue, alpha] = colourOf(this.fillStyle);
    const [left, right] = [Math.max(0, Math.round(x)), Math.min(png.width, Math.round(x + width))];
    const [top, bottom] = [Math.max(0, Math.round(y)), Math.min(png.height, Math.round(y + height))];
    for (let row = top; row < bottom; row++) {
      for (let column = left; column < right; column++) png.data.set([red, green, blue, alpha], 4 * (row * png.width + column));
    }
  }

  createImageData(width: number, height: number): { readonly width: number; readonly height: number; readonly data: Uint8ClampedArray } {
    return { width, height, data: new Uint8ClampedArray(4 * width * height) };
  }

  putImageData(block: { readonly width: number; readonly height: number; readonly data: ArrayLike<number> }, x: number, y: number): void {
    const png = this.image();
    for (let row = 0; row < block.height && row + y < png.height; row++) {
      const columns = Math.min(block.width, png.width - x);
      for (let at = 0; at < 4 * columns; at++) png.data[4 * ((row + y) * png.width + x) + at] = block.data[4 * row * block.width + at]!;
    }
  }

  toDataURL(): string {
    return `data:image/png;base64,${PNG.sync.write(this.image()).toString("base64")}`;
  }

  private image(): PNG {
    const { width, height } = this.size();
    if (this.png === undefined || this.png.width !== width || this.png.height !== height) this.png = new PNG({ width, height });
    return this.png;
  }
}

/** "rgb(1, 2, 3)", "rgba(1,2,3,.5)", "#010203" as four bytes. */
function colourOf(text: string): readonly [number, number, number, number] {
  const hex = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(text);
  if (hex !== null) return [Number.parseInt(hex[1]!, 16), Number.parseInt(hex[2]!, 16), Number.parseInt(hex[3]!, 16), 255];
  const [red = 0, green = 0, blue = 0, alpha = 1] = (text.match(/[\d.]+/g) ?? []).map(Number);
  return [Math.round(red), Math.round(green), Math.round(blue), Math.round(255 * alpha)];
}
