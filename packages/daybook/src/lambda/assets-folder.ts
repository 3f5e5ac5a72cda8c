/**
 * Where the files are that pages load: beside the bundle of a function, or in the package when its source is run.
 */
import { existsSync } from 'node:fs';

/** Of this module: at the top of a bundle or in its chunks, in the package. */
const PLACES = ['./assets/', '../assets/', '../../assets/'];

export function assetsFolder(): URL {
  const places = PLACES.map((place) => new URL(place, import.meta.url));
  return places.find((place) => existsSync(place)) ?? (places[0] as URL);
}
