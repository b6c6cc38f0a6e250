/** The library, without an import. */
declare const lab: typeof import("sessionlab");
