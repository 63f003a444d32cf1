// What Streamlit calls at first, and whenever data or theme change: one object for as long as its element is there.

export function mounting(selector, Kind) {
  const instances = new WeakMap();
  return (component) => {
    const { parentElement } = component, root = parentElement.querySelector(selector);
    let own = instances.get(parentElement);
    if (!own || own.root !== root) {
      own?.destroy();
      own = new Kind(root);
      instances.set(parentElement, own);
    }
    own.receive(component);
    const call = (own.call = (own.call ?? 0) + 1);
    return () => {
      if (own.call !== call) return; // Streamlit may clean up after a call that another one has overtaken
      own.destroy();
      instances.delete(parentElement);
    };
  };
}
