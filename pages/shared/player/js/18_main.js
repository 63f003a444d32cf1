// What Streamlit calls: at first, and whenever data or theme change.

const instances = new WeakMap();

export default function (component) {
  const { parentElement } = component, root = parentElement.querySelector(".asd-player");
  let player = instances.get(parentElement);
  if (!player || player.root !== root) {
    player?.destroy();
    player = new Player(root);
    instances.set(parentElement, player);
  }
  player.receive(component);
  return () => {
    player.destroy();
    instances.delete(parentElement);
  };
}
