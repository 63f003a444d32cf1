// What Streamlit calls at first, and whenever data or theme change: one object for as long as its element is there.

export function mounting(selector, Kind) {
  const instances = new WeakMap();
  return (component) => {
    const { parentElement } = component, root = parentElement.querySelector(selector);
    let instance = instances.get(parentElement);
    if (!instance || instance.root !== root) {
      instance?.destroy();
      instance = new Kind(root);
      instances.set(parentElement, instance);
    }
    instance.receive(component);
    const call = (instance.call = (instance.call ?? 0) + 1);
    return () => {
      if (instance.call !== call) return; // Streamlit may clean up after a call that another one has overtaken
      instance.destroy();
      instances.delete(parentElement);
    };
  };
}
