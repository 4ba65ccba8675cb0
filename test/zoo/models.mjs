/** The eight that stand for the families, at their own sizes. */
export const EIGHT = [
  'MobileNetV2',
  'ResNet50',
  'EfficientNetB0',
  'DenseNet121',
  'VGG16',
  'InceptionV3',
  'Xception',
  'ConvNeXtTiny',
];

const SHARED = [
  ...['MobileNet', 'MobileNetV2', 'MobileNetV3Small', 'MobileNetV3Large', 'NASNetMobile', 'NASNetLarge'],
  ...['DenseNet121', 'DenseNet169', 'DenseNet201', 'VGG16', 'VGG19', 'Xception'],
  ...['InceptionV3', 'InceptionResNetV2'],
  ...['ResNet50', 'ResNet101', 'ResNet152', 'ResNet50V2', 'ResNet101V2', 'ResNet152V2'],
  ...['B0', 'B1', 'B2', 'B3', 'B4', 'B5', 'B6', 'B7'].map((name) => `EfficientNet${name}`),
  ...['B0', 'B1', 'B2', 'B3', 'S', 'M', 'L'].map((name) => `EfficientNetV2${name}`),
  ...['Tiny', 'Small', 'Base', 'Large', 'XLarge'].map((name) => `ConvNeXt${name}`),
];

const REGNET_SIZES = ['002', '004', '006', '008', '016', '032', '040', '064', '080', '120', '160', '320'];

/** Every architecture of keras.applications, by the Keras that has it. */
export const ALL = {
  keras3: SHARED,
  tf_keras: [
    ...SHARED,
    ...REGNET_SIZES.flatMap((size) => [`RegNetX${size}`, `RegNetY${size}`]).sort(),
    ...['50', '101', '152', '200', '270', '350', '420'].map((depth) => `ResNetRS${depth}`),
  ],
};

/** The side of the images in a run over all variants: small, but one that every family accepts. */
export const SMALL_SIZE = 96;
