// Loads the modules of a component. Streamlit takes a component's JavaScript as one text, so `pages.components.common.modules`
// sends the modules in that text, each after those that it imports. A module that several components import is loaded once.

const addresses = (globalThis.asdModules ??= new Map()); // of a module's version: its blob

// packed: [[version, source], ...] as JSON, gzip and base64; a source names what it imports by version. Gives the last one's
// default export.
export async function load(packed) {
  const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const modules = await new Response(unpacked).json();
  for (const [version, source] of modules) {
    if (addresses.has(version)) continue;
    const text = source.replace(/(?<=")asd:[^"]+(?=")/g, (imported) => addresses.get(imported));
    const blob = new Blob([text, `\n//# sourceURL=${version}`], { type: "text/javascript" });
    addresses.set(version, URL.createObjectURL(blob));
  }
  return (await import(addresses.get(modules.at(-1)[0]))).default;
}
