/** What an encoder asks of its backbone. */
import type { Value } from "../graph/index.js";
import type { Scope } from "./parameters.js";

/** What turns images into features. Any object of this form can be an encoder's. */
export interface Backbone {
  /**
   * Features of a batch.
   *
   * @param scope - names what is stored, and says whether the network is training
   * @param x - images [batch, channels, side, side], normalised
   * @returns [batch, featureWidth]
   */
  features(scope: Scope, x: Value): Value;
  readonly featureWidth: number;
  /** The sides of images that it takes are multiples of this; default 1. */
  readonly sideMultiple?: number;
  /** Of attention, where it has some: nothing in the tensors' shapes tells it. */
  readonly heads?: number;
}

/** What an encoder's settings say of its backbone. */
export interface BackboneSettings {
  /** Times the width that the name says. */
  readonly width: number;
  /** Side of the views in pixels. Local views are smaller, so features must not depend on it where there are some. */
  readonly imageSize: number;
}
