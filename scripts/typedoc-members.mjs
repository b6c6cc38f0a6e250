/**
 * A plugin of typedoc: `@param maxLength` of a function that takes `{ batch, maxLength }` documents that member. typedoc by itself
 * wants `@param options.maxLength`, with a name for the options that the code does not have.
 */
import { Converter } from "typedoc";

const unnamed = "__namedParameters";

export function load(app) {
  app.converter.on(Converter.EVENT_CREATE_SIGNATURE, (_context, signature) => {
    const taken = signature.parameters?.find(({ name }) => name === unnamed);
    const members = new Set(taken?.type?.declaration?.children?.map(({ name }) => name) ?? []);
    for (const tag of signature.comment?.blockTags ?? []) if (tag.tag === "@param" && members.has(tag.name)) tag.name = `${unnamed}.${tag.name}`;
  });
}
