#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

/* Swift cannot call variadic functions. */
static inline amqp_rpc_reply_t trunkline_amqp_login_plain(
    amqp_connection_state_t state, const char *virtual_host, int channel_max, int frame_max,
    int heartbeat, const amqp_table_t *client_properties, const char *user, const char *password) {
  return amqp_login_with_properties(state, virtual_host, channel_max, frame_max, heartbeat,
                                    client_properties, AMQP_SASL_METHOD_PLAIN, user, password);
}

/* What the check of the broker's certificate found. The library keeps no more of it than whether it failed. Times are in
   seconds since 1970, 0 where there is none. */
typedef struct {
  int error;         /* X509_V_OK, or why the check failed: see X509_STORE_CTX_get_error(3) */
  char reason[160];  /* in OpenSSL's words */
  char name[160];    /* the subject of the certificate that failed */
  int64_t not_before, not_after;         /* of the certificate that failed */
  int64_t broker_not_after;              /* of the broker's own */
} trunkline_verification;

static inline int64_t trunkline_seconds(const ASN1_TIME *time) {
  struct tm parts;
  return time && ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) : 0;
}

static int trunkline_note_verification(int ok, X509_STORE_CTX *store) {
  SSL *ssl = (SSL *)X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
  trunkline_verification *into =
      ssl ? (trunkline_verification *)SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)) : NULL;
  X509 *certificate = X509_STORE_CTX_get_current_cert(store);
  if (!into || !certificate) return ok;
  if (X509_STORE_CTX_get_error_depth(store) == 0)
    into->broker_not_after = trunkline_seconds(X509_get0_notAfter(certificate));
  if (ok || into->error != X509_V_OK) return ok;
  into->error = X509_STORE_CTX_get_error(store);
  snprintf(into->reason, sizeof into->reason, "%s", X509_verify_cert_error_string(into->error));
  X509_NAME_oneline(X509_get_subject_name(certificate), into->name, sizeof into->name);
  into->not_before = trunkline_seconds(X509_get0_notBefore(certificate));
  into->not_after = trunkline_seconds(X509_get0_notAfter(certificate));
  return ok;
}

/* Notes what the handshakes of this socket find. The check itself stays the library's.
   `into` must live as long as the socket. */
static inline void trunkline_note_verification_of(amqp_socket_t *socket, trunkline_verification *into) {
  SSL_CTX *context = (SSL_CTX *)amqp_ssl_socket_get_context(socket);
  if (!context) return;
  SSL_CTX_set_app_data(context, into);
  SSL_CTX_set_verify(context, SSL_CTX_get_verify_mode(context), trunkline_note_verification);
}

/* When our own certificate ends; 0 when there is none. */
static inline int64_t trunkline_own_certificate_not_after(amqp_socket_t *socket) {
  SSL_CTX *context = (SSL_CTX *)amqp_ssl_socket_get_context(socket);
  X509 *certificate = context ? SSL_CTX_get0_certificate(context) : NULL;
  return certificate ? trunkline_seconds(X509_get0_notAfter(certificate)) : 0;
}
