import NIOSSL

/// A certificate without a trusted authority, for `localhost` and 127.0.0.1, made for these tests alone.
enum UntrustedCertificate {
    /// Returns the TLS context of a server that presents it.
    static func serverContext() throws -> NIOSSLContext {
        let certificates = try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8))
        let key = try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem)
        return try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(key)))
    }

    private static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBmzCCAUGgAwIBAgIUZyHMwsiEwU12520doQJ0coXw+d8wCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjIxNTI1OFoYDzIxMjYxMDI5
        MjE1MjU4WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAATrFIDp3rtQr3eAWsXwt6Fs9FGBSpR5xebrdW4w6Q287q+lpgXNcDzP
        nyI2YxhBqA5caXf0qsdh+PNSveFp8yNoo28wbTAdBgNVHQ4EFgQUILVqlo+X2Jgg
        nyZzASBB+zV4MSAwHwYDVR0jBBgwFoAUILVqlo+X2JggnyZzASBB+zV4MSAwDwYD
        VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
        zj0EAwIDSAAwRQIge/fSruIzrE/Saur3qYR1245VRIV8lJyOD2m4i5AuWDUCIQCt
        LfoQuQ3I9Cxy2SrhbAyHw4pkAEEEkbZgXWZCJLY9AQ==
        -----END CERTIFICATE-----
        """

    /// It protects nothing.
    private static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgXGgLANuxXUrDPBMD
        tyVnwYpOsclVlUxLd0bG8DHxmjuhRANCAATrFIDp3rtQr3eAWsXwt6Fs9FGBSpR5
        xebrdW4w6Q287q+lpgXNcDzPnyI2YxhBqA5caXf0qsdh+PNSveFp8yNo
        -----END PRIVATE KEY-----
        """
}
