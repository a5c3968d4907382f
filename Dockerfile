# The image holds one file: the static binary.
#
# It is linked with glibc rather than musl: the Rust image has it at hand, its allocator and memory
# functions are the faster ones, and what static glibc cannot do (look up names, users, locales) the
# program does not do. Everything it needs is in the binary, the font included.

FROM rust:1.95-slim AS build
WORKDIR /minicap
COPY Cargo.toml Cargo.lock ./
COPY src src
COPY font font
# Static; with the table of relocations packed, which saves 50 KB; and with random bytes straight
# from the system call: what is usual, asking the dynamic linker for it, finds none in a static
# binary and falls back to /dev/urandom, which need not be there.
ENV RUSTFLAGS="-C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs --cfg getrandom_backend=\"linux_getrandom\""
# Naming the target keeps the flags from what is built for the build itself.
RUN target="$(rustc -vV | sed -n 's/^host: //p')" \
 && cargo build --release --locked --target "$target" \
 && cp "target/$target/release/minicap" /minicap/minicap

FROM scratch
COPY --from=build /minicap/minicap /minicap
# Nobody: the service owns no file and needs no name.
USER 65532:65532
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=2s --retries=3 CMD ["/minicap", "healthcheck"]
ENTRYPOINT ["/minicap"]
