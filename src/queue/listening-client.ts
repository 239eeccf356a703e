import pg from 'pg';

/**
 * A connection that nobody has to listen to from the first moment. BullMQ listens to its own once it is connected, and what a server
 * that is being stopped sends together with its last answer would find nobody and end the process.
 */
export class ListeningClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    this.on('error', () => {});
  }
}
