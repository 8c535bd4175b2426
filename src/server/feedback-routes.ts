/** POST /feedback: the same as `submitFeedback`, for webhooks. */
import express, { Router } from 'express'
import { DocentError } from '../errors.js'
import type { Services } from '../graphql/context.js'
import { type FeedbackFields, toSubmission } from '../graphql/correction-input.js'

export function feedbackRoutes({ feedback }: Services): Router {
  const router = Router()
  router.post('/feedback', express.json({ limit: '256kb' }), async (request, response) => {
    const body: unknown = request.body
    if (typeof body !== 'object' || body === null || Array.isArray(body)) {
      throw new DocentError('INVALID_INPUT', 'POST /feedback takes a JSON object with content-type application/json')
    }
    // The feedback room checks every field.
    const correction = await feedback.submit(toSubmission(body as FeedbackFields))
    response.status(201).json({ correction })
  })
  return router
}
