#include <curl/curl.h>

/* Swift cannot call variadic functions, nor read macros that name enumerators. */
static inline CURLcode trunkline_curl_set_number(CURL *handle, CURLoption option, long value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode trunkline_curl_set_text(CURL *handle, CURLoption option, const char *value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode trunkline_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode trunkline_curl_set_writer(CURL *handle, size_t (*writer)(char *, size_t, size_t, void *)) {
  return curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, writer);
}

static inline long trunkline_curl_status(CURL *handle) {
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

static const long trunkline_curl_global = CURL_GLOBAL_DEFAULT;
static const size_t trunkline_curl_error_size = CURL_ERROR_SIZE;
