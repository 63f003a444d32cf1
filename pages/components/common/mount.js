// What Streamlit calls at first, and whenever data or theme change: one object for as long as its element is there.

export function mounting(selector, Kind) {
  const mounted = new WeakMap(); // by the component's place on the page: its object, and the element that this was made for
  return (component) => {
    const { parentElement } = component, root = parentElement.querySelector(selector);
    if (mounted.get(parentElement)?.root !== root) {
      mounted.get(parentElement)?.instance.destroy();
      mounted.set(parentElement, { root, instance: new Kind(root) });
    }
    const { instance } = mounted.get(parentElement);
    instance.receive(component);
    return () => {
      // Streamlit also cleans up after a call when newer data have come meanwhile. Its next call is for the same element.
      if (parentElement.isConnected || mounted.get(parentElement)?.instance !== instance) return;
      instance.destroy();
      mounted.delete(parentElement);
    };
  };
}
