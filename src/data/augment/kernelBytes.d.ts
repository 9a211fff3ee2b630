/** What `simd/` compiles to, as a module (`npm run build` makes it), so that every bundler and every thread has it without a file. */
declare const bytes: Uint8Array<ArrayBuffer>;
export default bytes;
