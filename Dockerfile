# The image contains the static program and three licences.
#
# The build runs on this machine's processor, for the processor that is asked for, and links musl with
# the linker that comes with Rust, so nothing is emulated or installed. With musl the program is 600 KB
# smaller than with Debian's C library.

FROM --platform=$BUILDPLATFORM rust:1.95-slim AS build
ARG TARGETARCH
ARG TARGETVARIANT
WORKDIR /minicap

# Docker's name of the processor, as Rust's. Builders that set none build for their own processor.
RUN case "${TARGETARCH:-$(uname -m)}$TARGETVARIANT" in \
      amd64*|x86_64) target=x86_64-unknown-linux-musl ;; \
      arm64*|aarch64) target=aarch64-unknown-linux-musl ;; \
      386*|i?86) target=i686-unknown-linux-musl ;; \
      armv7*|arm) target=armv7-unknown-linux-musleabihf ;; \
      armv6*) target=arm-unknown-linux-musleabihf ;; \
      riscv64*) target=riscv64gc-unknown-linux-musl ;; \
      *) echo "no static build for $TARGETARCH $TARGETVARIANT" >&2; exit 1 ;; \
    esac \
 && rustup target add "$target" \
 && mkdir /.cargo \
 && printf '[build]\ntarget = "%s"\n' "$target" >/.cargo/config.toml

# The dependencies are a layer of their own, which is reused while only the program changes.
COPY .cargo .cargo
COPY Cargo.toml Cargo.lock ./
COPY voice voice
RUN mkdir src \
 && echo 'fn main() {}' >src/main.rs \
 && touch src/lib.rs \
 && cargo build --release --locked

COPY src src
COPY font font
# The placeholders above are newer than the program's files.
RUN touch src/main.rs src/lib.rs \
 && cargo build --release --locked \
 && cp target/*/release/minicap minicap \
 && mkdir --parents root/state

FROM scratch
LABEL org.opencontainers.image.title="miniCAP" \
      org.opencontainers.image.description="A self-hosted captcha service: one small static binary, two HTTP requests." \
      org.opencontainers.image.version="1.0.0" \
      org.opencontainers.image.licenses="MIT AND OFL-1.1 AND MIT-Festival"
COPY LICENSE font/OFL.txt voice/en/FLITE.txt /
COPY --from=build /minicap/minicap /minicap
# A user without a name or privileges. It owns /state, so that it also owns volumes mounted there.
COPY --from=build --chown=65532:65532 /minicap/root /
USER 65532:65532
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=2s --retries=3 CMD ["/minicap", "healthcheck"]
ENTRYPOINT ["/minicap"]
