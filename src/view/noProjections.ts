/**
 * What stands for `d3-geo` in pages. Plot asks it for projections of the globe, which no chart here has: a twelfth of a report's
 * script, and of the training page's, need not travel.
 */

function noProjection(): never {
  throw new Error("charts of these pages have no projections of the globe: d3-geo is left out of them");
}

/** Plot makes one while it loads, and asks nothing of it. */
export const geoTransform = (methods: object): object => methods;

export {
  noProjection as geoAlbers,
  noProjection as geoAlbersUsa,
  noProjection as geoAzimuthalEqualArea,
  noProjection as geoAzimuthalEquidistant,
  noProjection as geoCentroid,
  noProjection as geoClipRectangle,
  noProjection as geoConicConformal,
  noProjection as geoConicEqualArea,
  noProjection as geoConicEquidistant,
  noProjection as geoEqualEarth,
  noProjection as geoEquirectangular,
  noProjection as geoGnomonic,
  noProjection as geoGraticule10,
  noProjection as geoMercator,
  noProjection as geoOrthographic,
  noProjection as geoPath,
  noProjection as geoStereographic,
  noProjection as geoStream,
  noProjection as geoTransverseMercator,
};
