# The course: JupyterLab on port 8888, with the TypeScript kernel and all notebooks.
#   docker build -t sessionlab .
#   docker run --rm -p 127.0.0.1:8888:8888 sessionlab      # prints the address with its token
# The first notebook that needs MovieLens-100K fetches it: its licence forbids to put it into an image.

# What set-up needs, as environment.md says; the dev container begins here.
FROM node:20.20.2-bookworm-slim AS base
RUN apt-get update \
  && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ca-certificates g++ git python3 python3-venv \
  && rm -rf /var/lib/apt/lists/* \
  && install -d -o node -g node /opt/sessionlab
USER node
WORKDIR /opt/sessionlab

FROM base AS course
COPY --chown=node:node package.json package-lock.json .npmrc requirements.txt tsconfig.json tsconfig.build.json LICENSE README.md environment.md ./
COPY --chown=node:node scripts scripts
COPY --chown=node:node shims shims
COPY --chown=node:node kernels kernels
COPY --chown=node:node src src
COPY --chown=node:node results results
COPY --chown=node:node notebooks notebooks
RUN npm run setup && npm cache clean --force
EXPOSE 8888
CMD ["npm", "run", "lab", "--", "--ip=0.0.0.0", "--port=8888", "--no-browser"]
