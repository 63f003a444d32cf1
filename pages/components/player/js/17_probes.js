// What tests ask a player: figures behind the pictures, and the sound behind the loudspeaker.

function addProbes(player) {
  const { root } = player;

  // The log-mel of what is heard, frame after frame.
  root.asdLogMel = () => {
    const { frames, values } = player.picture.whole();
    return { n_mels: player.nMels, n_frames: frames, data: Array.from(values) };
  };

  root.asdWelch = () => Array.from(player.welch.levels(player.mix) ?? []);

  // What the nodes make of a stretch of the clip.
  root.asdRender = async (from, seconds) => {
    const { buffer, rate } = player.sound;
    const offline = new OfflineAudioContext(1, Math.round(seconds * rate), rate);
    const source = new AudioBufferSourceNode(offline, { buffer });
    source.connect(player.engine.build(offline).input);
    source.start(0, from);
    return Array.from((await offline.startRendering()).getChannelData(0));
  };
}
