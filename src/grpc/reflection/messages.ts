/** The messages of gRPC server reflection; v1 and v1alpha have the same. */
export const REFLECTION_MESSAGES = {
  ServerReflectionRequest: {
    host: [1, 'string'],
    file_by_filename: [3, 'string?', 'message_request'],
    file_containing_symbol: [4, 'string?', 'message_request'],
    file_containing_extension: [5, 'ExtensionRequest', 'message_request'],
    all_extension_numbers_of_type: [6, 'string?', 'message_request'],
    list_services: [7, 'string?', 'message_request'],
  },
  ExtensionRequest: { containing_type: [1, 'string'], extension_number: [2, 'int32'] },
  ServerReflectionResponse: {
    valid_host: [1, 'string'],
    original_request: [2, 'ServerReflectionRequest'],
    file_descriptor_response: [4, 'FileDescriptorResponse', 'message_response'],
    all_extension_numbers_response: [5, 'ExtensionNumberResponse', 'message_response'],
    list_services_response: [6, 'ListServiceResponse', 'message_response'],
    error_response: [7, 'ErrorResponse', 'message_response'],
  },
  FileDescriptorResponse: { file_descriptor_proto: [1, 'bytes[]'] },
  ExtensionNumberResponse: { base_type_name: [1, 'string'], extension_number: [2, 'int32[]'] },
  ListServiceResponse: { service: [1, 'ServiceResponse[]'] },
  ServiceResponse: { name: [1, 'string'] },
  ErrorResponse: { error_code: [1, 'int32'], error_message: [2, 'string'] },
} as const;
