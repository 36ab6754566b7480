# syntax=docker/dockerfile:1
#
#   docker build -t transship .
#   docker run --rm transship demo --no-tui --once
#
# The program alone, as a user without rights, on a root that may be read-only: everything
# that it writes is below /var/lib/transship. Its configuration is read from
# /var/lib/transship/config/connector.yaml; without one, the six variables are the job.

FROM rust:1.89-bookworm AS build
WORKDIR /build
COPY . .
# OpenSSL is built in; what is left to bring along are libc and the certificates.
RUN cargo build --release --locked --features vendored-openssl \
    && install -D target/release/transship /out/transship \
    && install -d /out/home

FROM gcr.io/distroless/cc-debian12:nonroot
LABEL org.opencontainers.image.title="transship" \
      org.opencontainers.image.description="Moves files between services and proves that it did" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /out/transship /usr/local/bin/transship
COPY --from=build --chown=nonroot:nonroot --chmod=0700 /out/home /var/lib/transship
USER nonroot:nonroot
WORKDIR /var/lib/transship
VOLUME /var/lib/transship
# Where nothing says otherwise; a configuration's own places count.
ENV TRANSSHIP_DATA_DIR=/var/lib/transship/data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 CMD ["/usr/local/bin/transship", "--quiet", "health"]
ENTRYPOINT ["/usr/local/bin/transship"]
CMD ["--no-tui"]
