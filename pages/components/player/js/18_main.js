export default mounting(".asd-player", Player);
