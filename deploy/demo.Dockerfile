# syntax=docker/dockerfile:1
# The demo coreBOS, to try an installation. It leaks on purpose: never expose it.
# Build it from the root of the project: docker build -f deploy/demo.Dockerfile .

FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json ./
COPY src ./src
COPY plugins ./plugins
COPY routes ./routes
RUN npm run --silent build

FROM node:24-slim
ENV NODE_ENV=production HOST=0.0.0.0
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --no-audit --no-fund
COPY --from=build /app/dist ./dist
USER node
EXPOSE 8081
CMD ["node", "dist/src/demo/main.js"]
