import { defineSchema } from '../../savedmodel/wire/compile.js';

/** google/protobuf/descriptor.proto, restricted to what a proto3 file without options needs. */
export const DESCRIPTOR_SCHEMA = defineSchema({
  FileDescriptorProto: {
    name: [1, 'string'],
    package: [2, 'string'],
    dependency: [3, 'string[]'],
    message_type: [4, 'DescriptorProto[]'],
    enum_type: [5, 'EnumDescriptorProto[]'],
    service: [6, 'ServiceDescriptorProto[]'],
    syntax: [12, 'string'],
  },
  DescriptorProto: {
    name: [1, 'string'],
    field: [2, 'FieldDescriptorProto[]'],
    nested_type: [3, 'DescriptorProto[]'],
    enum_type: [4, 'EnumDescriptorProto[]'],
    options: [7, 'MessageOptions'],
    oneof_decl: [8, 'OneofDescriptorProto[]'],
  },
  MessageOptions: { map_entry: [7, 'bool'] },
  OneofDescriptorProto: { name: [1, 'string'] },
  FieldDescriptorProto: {
    name: [1, 'string'],
    number: [3, 'int32'],
    label: [4, 'int32'],
    type: [5, 'int32'],
    type_name: [6, 'string?'],
    oneof_index: [9, 'int32?'],
  },
  EnumDescriptorProto: { name: [1, 'string'], value: [2, 'EnumValueDescriptorProto[]'] },
  EnumValueDescriptorProto: { name: [1, 'string'], number: [2, 'int32?'] },
  ServiceDescriptorProto: { name: [1, 'string'], method: [2, 'MethodDescriptorProto[]'] },
  MethodDescriptorProto: {
    name: [1, 'string'],
    input_type: [2, 'string'],
    output_type: [3, 'string'],
    client_streaming: [5, 'bool'],
    server_streaming: [6, 'bool'],
  },
});
