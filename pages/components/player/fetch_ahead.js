// Fetches the sounds of the clip that is likely to be shown next: the player then has them at once.

import { fetchSound } from "./sounds.js";

export default ({ data }) => {
  fetchSound(data.files, data.rate).catch(() => {}); // the player says why
};
